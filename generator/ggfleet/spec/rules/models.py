"""Models, and the buckets that carry them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ggfleet.model import Fleet, Model, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import attached_ml
from ggfleet.spec.rules.registry import V1, V2, Finding, rule

READABLE = re.compile("Greengrass|GreenGrass|greengrass|Sagemaker|SageMaker|sagemaker")
"""What the managed policy of the service role wants somewhere in `bucket/key`."""

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

_MODEL = (
    "models:\n  digits:\n    source: {}\n    version: 1.0.0\n    destination: /models\n"
    "functions:\n  classify: {{models: [digits]}}\n"
)
VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
MAX_VERSION = 64
"""Characters."""

_JOB = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/digits"


def _remote(fleet: Fleet, scheme: str) -> Iterator[Model]:
    """The models with such a source; one whose sources differ by platform comes with each."""
    for model in fleet.models.values():
        yield from (each for each in model.each() if each.source.startswith(scheme))


@rule(
    "model-archive",
    Severity.ERROR,
    V1,
    reason="V1 takes an archive in S3 by its ending, .zip or .tar.gz, and unpacks nothing else. No "
    "page of AWS mentions .tgz.",
    source=f"{pages.API_V1} (S3Uri)",
    fix="Name an archive that ends in .zip or .tar.gz.",
    example=_MODEL.format("s3://line-greengrass/digits.tgz"),
)
def remote_models_are_archives(fleet: Fleet) -> Iterator[Finding]:
    """V1 takes an archive in S3 by its ending."""
    for model in _remote(fleet, "s3://"):
        if not model.source.endswith((".zip", ".tar.gz")):
            fix = "name an archive that ends in .zip or .tar.gz"
            yield f"models.{model.name}.source", "is no archive that a core unpacks", fix


@rule(
    "model-local-archive",
    Severity.WARNING,
    reason="A model's file is packed as it is: the function finds an archive at the destination, "
    "and not what is in it. A core unpacks the outer archive alone.",
    source=f"{pages.ML_INFERENCE}; {pages.OWN}",
    fix="Unpack it, and name the folder.",
    example={
        "digits.zip": "",
        "fleet.yml": _MODEL.format("digits.zip"),
    },
)
def local_models_are_unpacked(fleet: Fleet) -> Iterator[Finding]:
    """A local model is a file or folder, and no archive of one."""
    for model in fleet.models.values():
        for each in model.each():
            if each.is_local and each.source.endswith(ARCHIVES):
                at = f"models.{model.name}.source"
                yield at, "is an archive, which would be packed once more", "name a folder"


@rule(
    "model-training-job",
    Severity.ERROR,
    V1,
    reason="V1 finds a model's archive by asking SageMaker for the training job's output; it "
    "cannot ask for compilation jobs or registered models.",
    source=pages.ML_INFERENCE,
    fix="Write arn:aws:sagemaker:REGION:ACCOUNT:training-job/NAME, or the s3:// URI of the "
    "archive.",
    example=_MODEL.format("arn:aws:sagemaker:eu-west-1:123456789012:compilation-job/digits"),
)
def arns_are_training_jobs(fleet: Fleet) -> Iterator[Finding]:
    """An ARN as a model's source is a training job's."""
    for model in _remote(fleet, "arn:"):
        if ":training-job/" not in model.source:
            fix = "write arn:aws:sagemaker:REGION:ACCOUNT:training-job/NAME, or an s3:// URI"
            yield f"models.{model.name}.source", "is no SageMaker training job", fix


@rule(
    "model-training-job-region",
    Severity.WARNING,
    V1,
    reason="The service asks SageMaker in the group's own Region and account, and reads the output "
    "from a bucket there.",
    source=pages.ML_INFERENCE,
    fix="Copy the archive into the fleet's Region and name it by its s3:// URI.",
    example=_MODEL.format(_JOB.replace("eu-west-1", "us-east-1")),
)
def training_jobs_are_at_home(fleet: Fleet) -> Iterator[Finding]:
    """A training job is in the fleet's Region and account."""
    home = f":{fleet.aws.region}:{fleet.aws.account}:"
    for model in _remote(fleet, "arn:"):
        if ":training-job/" in model.source and home not in model.source:
            yield (
                f"models.{model.name}.source",
                f"is a training job outside {fleet.aws.account} in {fleet.aws.region}",
                "copy its output there and write the s3:// URI",
            )


@rule(
    "model-training-job-v2",
    Severity.NOTE,
    V2,
    reason="V2 knows artifacts in S3 only; nothing asks SageMaker for a job's output at "
    "deployment.",
    source=pages.MIGRATION,
    fix="Write the s3:// URI of the job's output, as a .zip.",
    example=_MODEL.format(_JOB),
)
def v2_knows_no_training_jobs(fleet: Fleet) -> Iterator[Finding]:
    """V2 takes no training job for a model."""
    for model in _remote(fleet, "arn:"):
        if ":training-job/" in model.source:
            message = "is a training job, which V2 does not look up"
            yield f"models.{model.name}.source", message, "write the s3:// URI of its output"


@rule(
    "model-tar-v2",
    Severity.NOTE,
    V2,
    reason="An artifact's Unarchive is NONE or ZIP on both nuclei: a .tar.gz arrives as it is. For "
    "V1 a .zip does as well, and needs no folder around its files, as a .tar.gz does.",
    source=f"{pages.RECIPES}; {pages.TROUBLESHOOTING}",
    fix="Pack the model as a .zip, which serves V1 and V2.",
    example=_MODEL.format("s3://line-greengrass/digits.tar.gz"),
)
def v2_unpacks_no_tar(fleet: Fleet) -> Iterator[Finding]:
    """V2 unpacks .zip alone."""
    for model in _remote(fleet, "s3://"):
        if model.source.endswith(".tar.gz"):
            message = "is a .tar.gz, which V2 does not unpack"
            yield f"models.{model.name}.source", message, "pack it as .zip, which serves V1 too"


@rule(
    "model-bucket-dots",
    Severity.ERROR,
    V1,
    reason="A dot in a bucket's name breaks TLS to the bucket's own host name, and V1 cores use "
    "that name.",
    source=pages.ML_INFERENCE,
    fix="Copy the archive into a bucket without dots.",
    example=_MODEL.format("s3://line.greengrass/digits.zip"),
)
def buckets_have_no_dots(fleet: Fleet) -> Iterator[Finding]:
    """V1 cannot read from a bucket with dots in its name."""
    for model in _remote(fleet, "s3://"):
        bucket = model.source.removeprefix("s3://").partition("/")[0]
        if "." in bucket:
            yield (
                f"models.{model.name}.source",
                f"is in the bucket {bucket}, whose dots V1 cannot take",
                "copy it into a bucket without dots",
            )


@rule(
    "model-bucket-policy",
    Severity.WARNING,
    V1,
    reason="The managed policy of Greengrass's service role reads objects whose bucket or key "
    "contains Greengrass, GreenGrass, greengrass, Sagemaker, SageMaker or sagemaker. Others fail "
    'with "not authorized to access model".',
    source=f"{pages.SERVICE_ROLE}; {pages.TROUBLESHOOTING}",
    fix="Name the bucket like line-vision-greengrass; or add s3:GetObject on arn:aws:s3:::BUCKET/* "
    "to the service role, and suppress this rule with that reason.",
    example="aws: {bucket: line-bucket}\n" + _MODEL.format("digits"),
)
def buckets_are_readable(fleet: Fleet) -> Iterator[Finding]:
    """The service role's managed policy reads certain buckets only."""
    has = [each for f in fleet.functions.values() for each in attached_ml(fleet, f)]
    own = [r for r in has if not isinstance(r, Model) or any(x.is_local for x in r.each())]
    fix = "choose a name like line-greengrass, or extend the service role and suppress this"
    if own and fleet.aws.bucket and not READABLE.search(fleet.aws.bucket):
        yield (
            "aws.bucket",
            f"{fleet.aws.bucket} is outside the managed policy of the service role",
            fix,
        )
    for model in _remote(fleet, "s3://"):
        if not READABLE.search(model.source):
            message = f"{model.source} is outside the managed policy of the service role"
            yield f"models.{model.name}.source", message, fix


@rule(
    "model-version",
    Severity.ERROR,
    V2,
    reason="A model's version is part of a component's: three numbers up to 999999, after - or + "
    "letters, digits, dots and -, 64 characters in all.",
    source=f"{pages.RECIPES} (ComponentVersion); {pages.API_V2}",
    fix="Write it like 1.2.0 or 1.2.0-rc.1.",
    example="models:\n  digits: {source: digits, version: 1.0.20261122, destination: /models}\n"
    "functions:\n  classify: {models: [digits]}\n",
)
def versions_fit(fleet: Fleet) -> Iterator[Finding]:
    """A model's version can be that of a component."""
    for model in fleet.models.values():
        if len(model.version) > MAX_VERSION or not VERSION.fullmatch(model.version):
            yield (
                f"models.{model.name}.version",
                f"{model.version} cannot be the version of a component",
                "three numbers up to 999999, at most 64 characters: 1.2.0",
            )
