"""What goes wrong at an endpoint, told as what to do about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

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
_FIXES = {
    "403": _ALLOW,
    "AccessDenied": _ALLOW,
    "301": "the bucket is in another Region: correct aws.region",
    "PermanentRedirect": "the bucket is in another Region: correct aws.region",
    "404": "upload it with `ggfleet publish`",
    "NoSuchKey": "upload it with `ggfleet publish`",
    "NoSuchBucket": "create the bucket in the fleet's Region, or correct aws.bucket",
    "ExpiredToken": _SIGN_IN,
    "InvalidAccessKeyId": _SIGN_IN,
    "SignatureDoesNotMatch": _SIGN_IN,
    "RequestTimeTooSkewed": "set this machine's clock",
}


def code_of(error: ClientError) -> str:
    """The error code; for an answer without a body, as to HEAD, the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn boto3's exceptions into `CloudError`. `what` was being done: `reading s3://…`."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        message = f"{what}: refused with {code} {error.response['Error'].get('Message', '')}"
        raise CloudError(message.rstrip(), fix=_FIXES.get(code, "")) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise CloudError(f"{what}: no AWS credentials", fix=_SIGN_IN) from error
    except NoRegionError as error:
        raise CloudError(f"{what}: no Region", fix="set aws.region") from error
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        raise CloudError(f"{what}: no answer ({error})", fix=_REACH) from error
    except (BotoCoreError, Boto3Error) as error:
        raise CloudError(f"{what}: {error}", fix=_REACH) from error
