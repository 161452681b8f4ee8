"""What goes wrong at an endpoint, told as what to do about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)

from ggfleet.errors import CloudError

_REACH = "check the network, the Region and --endpoint-url"
_SIGN_IN = "sign in (`aws configure`, `aws sso login`) or set AWS_PROFILE"
# Without s3:ListBucket, S3 answers 403 for an object that is merely not there.
_ALLOW = (
    "give these credentials s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and "
    "s3:AbortMultipartUpload on its objects"
)
_SIGNED = {
    "ExpiredToken": _SIGN_IN,
    "ExpiredTokenException": _SIGN_IN,
    "InvalidAccessKeyId": _SIGN_IN,
    "InvalidClientTokenId": _SIGN_IN,
    "SignatureDoesNotMatch": _SIGN_IN,
    "UnrecognizedClientException": _SIGN_IN,
    "RequestTimeTooSkewed": "set this machine's clock",
}
_FIXES = {
    **_SIGNED,
    "403": _ALLOW,
    "AccessDenied": _ALLOW,
    "301": "the bucket is in another Region: correct aws.region",
    "PermanentRedirect": "the bucket is in another Region: correct aws.region",
    "404": "upload it with `ggfleet publish`",
    "NoSuchKey": "upload it with `ggfleet publish`",
    "NoSuchBucket": "create the bucket in the fleet's Region, or correct aws.bucket",
}
_RIGHTS = "give these credentials the rights that docs/registration.md lists"
_AGAIN = "run it again: what is done stays done"
REGISTRATION = {
    **_SIGNED,
    "AccessDenied": _RIGHTS,
    "AccessDeniedException": _RIGHTS,
    "UnauthorizedException": _RIGHTS,
    "LimitExceeded": "ask AWS for a higher quota",
    "LimitExceededException": "ask AWS for a higher quota",
    **dict.fromkeys(
        (
            "ConflictingResourceUpdateException", "DeleteConflictException",
            "EntityAlreadyExists", "InternalFailureException", "ResourceAlreadyExistsException",
            "ServiceUnavailableException", "Throttling", "ThrottlingException",
        ),
        _AGAIN,
    ),
}  # fmt: skip
"""What to do about an error of AWS IoT or IAM, by its code."""


def code_of(error: ClientError) -> str:
    """The error code; for an answer without a body, as to HEAD, the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def explained(what: str, fixes: Mapping[str, str] = MappingProxyType(_FIXES)) -> Iterator[None]:
    """Turn boto3's exceptions into `CloudError`. `what` was being done: `reading s3://…`.

    `fixes` are by error code, those of S3 unless told otherwise.
    """
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        message = f"{what}: refused with {code} {error.response['Error'].get('Message', '')}"
        raise CloudError(message.rstrip(), fix=fixes.get(code, "")) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise CloudError(f"{what}: no AWS credentials", fix=_SIGN_IN) from error
    except NoRegionError as error:
        raise CloudError(f"{what}: no Region", fix="set aws.region") from error
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        raise CloudError(f"{what}: no answer ({error})", fix=_REACH) from error
    except (BotoCoreError, Boto3Error) as error:
        raise CloudError(f"{what}: {error}", fix=_REACH) from error
