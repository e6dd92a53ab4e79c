"""What is wrong where in a resource, in the words of OperationOutcome.issue."""

from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"

REQUIRED = "required"
VALUE = "value"
STRUCTURE = "structure"
INVARIANT = "invariant"
CODE_INVALID = "code-invalid"
EXTENSION = "extension"
NOT_SUPPORTED = "not-supported"
TOO_COSTLY = "too-costly"


@dataclass(frozen=True, slots=True)
class Issue:
    """One entry of OperationOutcome.issue.

    ``severity`` is ``error`` or ``warning``; ``code`` is of the code system issue-type; ``details`` says in English
    what was demanded and never repeats a value that was sent; ``expression`` is the FHIRPath of the place, by element
    names and indices, such as ``Observation.component[1].value.code`` (a choice has its element's name).
    Source: HL7 FHIR R4 4.0.1, OperationOutcome.
    """

    severity: str
    code: str
    details: str
    expression: str

    @property
    def is_error(self) -> bool:
        """Whether the resource is to be refused for it."""
        return self.severity == ERROR
