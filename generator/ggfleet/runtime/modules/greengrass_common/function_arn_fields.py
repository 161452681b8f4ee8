"""Takes a Lambda function's ARN apart: arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]."""

from __future__ import annotations

NAME_AT = 6


class FunctionArnFields:
    """The parts of a function's ARN; what is no such ARN raises ValueError."""

    def __init__(self, arn: str) -> None:
        parts = arn.split(":")
        if len(parts) not in (NAME_AT + 1, NAME_AT + 2) or parts[0] != "arn":
            raise ValueError(f"{arn} is not the ARN of a Lambda function")
        if parts[2] != "lambda" or parts[5] != "function" or not parts[NAME_AT]:
            raise ValueError(f"{arn} is not the ARN of a Lambda function")
        self.region = parts[3]
        self.account_id = parts[4]
        self.name = parts[NAME_AT]
        self.qualifier = parts[NAME_AT + 1] if len(parts) > NAME_AT + 1 else ""
        self.unqualified_arn = ":".join(parts[: NAME_AT + 1])

    @staticmethod
    def build_function_arn(unqualified_arn: str, qualifier: str) -> str:
        """Put a qualifier (an alias or a version, or nothing) to an ARN."""
        return f"{unqualified_arn}:{qualifier}" if qualifier else unqualified_arn
