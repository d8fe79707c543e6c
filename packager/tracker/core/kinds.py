"""Kinds of findings: the family each belongs to. Issues of one family can have one cause."""

from __future__ import annotations

from collections.abc import Mapping

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "availability": (
        "RequestsFailed", "RequestsSlow", "TargetDown", "ModelDown", "CrashLoop", "MemberFailed",
        "MemberSlow", "NoRequests",
    ),
    "inputs": ("FeatureDrift", "AnomalyRate", "DriftTest", "SchemaTest"),
    "quality": (
        "SliceRegression", "OutputRegression", "EstimatedAccuracyDrop", "QualityTest",
        "CalibrationTest", "FairnessTest", "WeakSlice",
    ),
    "labels": ("LabelsRejected", "LabelCoverageLow"),
    "identity": ("CompiledMismatch", "ReplayFailed", "BehaviouralCase", "VersionSkew"),
    "roll-out": ("UpdateRefused",),
    "speed": ("TimeTest", "SlowerPackage"),
    "challenger": ("ShadowNotAnswering", "ChallengerBetter", "ChallengerWorse"),
    "data": ("SuspiciousRows", "SuspectsTest"),
}  # fmt: skip
"""Family → kinds: names of alerts, and of the checks of ``build``, ``data check``, ``test``,
``replay``, ``drift``, ``feedback`` and ``deploy update``."""
_FAMILY_OF = {kind: family for family, kinds in FAMILIES.items() for kind in kinds}


def family_of(kind: str) -> str:
    """The family of a kind; a kind that is not listed is a family of its own."""
    return _FAMILY_OF.get(kind, kind)
