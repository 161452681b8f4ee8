"""Making a bucket, for endpoints that come up empty."""

from __future__ import annotations

from ggfleet.cloud.errors import explained
from ggfleet.cloud.session import S3Client

DEFAULT_REGION = "us-east-1"


def create_bucket(s3: S3Client, bucket: str, region: str) -> None:
    """Create a bucket in a Region. Raises `CloudError` when it cannot be had."""
    # S3 refuses its default Region as a location constraint, and wants one for every other.
    where = {} if region == DEFAULT_REGION else {"LocationConstraint": region}
    arguments = {"CreateBucketConfiguration": where} if where else {}
    with explained(f"creating the bucket {bucket}"):
        s3.create_bucket(Bucket=bucket, **arguments)
