"""AWS's APIs: the only home of boto3. Talks to S3, AWS IoT and IAM; knows nothing of specs."""

from ggfleet.cloud.bucket import create_bucket
from ggfleet.cloud.plan import CoreOutcome, Plan, foretell, perform, told
from ggfleet.cloud.plan import Outcome as Performed
from ggfleet.cloud.publish import Outcome, Published, publish
from ggfleet.cloud.reading import Reader
from ggfleet.cloud.register import plan_registration
from ggfleet.cloud.session import S3Client, clients, local_s3_client, s3_client
from ggfleet.cloud.store import ObjectInfo, ObjectStore
from ggfleet.cloud.unregister import Leave, plan_departure

__all__ = [
    "CoreOutcome",
    "Leave",
    "ObjectInfo",
    "ObjectStore",
    "Outcome",
    "Performed",
    "Plan",
    "Published",
    "Reader",
    "S3Client",
    "clients",
    "create_bucket",
    "foretell",
    "local_s3_client",
    "perform",
    "plan_departure",
    "plan_registration",
    "publish",
    "s3_client",
    "told",
]
