"""AWS's APIs: the only home of boto3. Talks to S3; knows nothing of specs."""

from ggfleet.cloud.bucket import create_bucket
from ggfleet.cloud.publish import Outcome, Published, publish
from ggfleet.cloud.session import S3Client, local_s3_client, s3_client
from ggfleet.cloud.store import ObjectInfo, ObjectStore

__all__ = [
    "ObjectInfo",
    "ObjectStore",
    "Outcome",
    "Published",
    "S3Client",
    "create_bucket",
    "local_s3_client",
    "publish",
    "s3_client",
]
