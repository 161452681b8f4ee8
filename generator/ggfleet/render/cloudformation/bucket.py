"""The bucket that carries archives, in a template of its own.

A function cannot be made before its package lies in the bucket, so a stack that made both would
always fail.
"""

from __future__ import annotations

from ggfleet.model import Fleet, Json
from ggfleet.render.cloudformation.template import Part, Section, Template, ref, resource
from ggfleet.render.group_v1.names import partition

_BUCKET = "Archives"


def bucket_template(fleet: Fleet, rules: Section) -> Template:
    """For a fleet whose bucket does not exist yet."""
    properties: dict[str, Json] = {
        "BucketName": fleet.aws.bucket,
        # Greengrass reads SSE-S3; whatever is encrypted with a customer's key it cannot.
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            ]
        },
        "LifecycleConfiguration": {"Rules": [_ABANDONED]},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
    }
    bucket = resource(
        "AWS::S3::Bucket", properties, DeletionPolicy="Retain", UpdateReplacePolicy="Retain"
    )
    part = Part(
        {_BUCKET: bucket, "ArchivesPolicy": _policy(fleet)},
        {"Bucket": {"Description": "Where archives lie", "Value": ref(_BUCKET)}},
    )
    return Template(
        f"The bucket with the archives of the Greengrass fleet {fleet.name}", part, rules
    )


_ABANDONED: Json = {
    "Id": "abandoned-uploads",
    "Status": "Enabled",
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}


def _policy(fleet: Fleet) -> Json:
    """Nobody reads or writes without TLS; who may, says the policy of the role that does."""
    bucket = f"arn:{partition(fleet.aws.region)}:s3:::${{{_BUCKET}}}"
    statement: Json = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::Sub": bucket}, {"Fn::Sub": f"{bucket}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document: Json = {"Version": "2012-10-17", "Statement": [statement]}
    return resource("AWS::S3::BucketPolicy", {"Bucket": ref(_BUCKET), "PolicyDocument": document})
