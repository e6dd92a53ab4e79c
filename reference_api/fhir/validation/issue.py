"""What is wrong where in a resource, in the words of OperationOutcome.issue."""

from dataclasses import dataclass

REQUIRED = "required"
VALUE = "value"
STRUCTURE = "structure"
INVARIANT = "invariant"
CODE_INVALID = "code-invalid"
EXTENSION = "extension"
NOT_FOUND = "not-found"
NOT_SUPPORTED = "not-supported"
TOO_LONG = "too-long"
INFORMATIONAL = "informational"


@dataclass(frozen=True, slots=True)
class Issue:
    """One entry of OperationOutcome.issue.

    ``severity`` is ``fatal``, ``error``, ``warning`` or ``information``; ``code`` is of the code system issue-type;
    ``details`` says in English what was demanded, and never repeats the value that was sent; ``expression`` is the
    FHIRPath of the place, such as ``Observation.component[1].valueQuantity``.
    Source: HL7 FHIR R4 4.0.1, OperationOutcome.
    """

    severity: str
    code: str
    details: str
    expression: str

    @property
    def is_error(self) -> bool:
        """Whether the resource is to be refused for it."""
        return self.severity in ("fatal", "error")
