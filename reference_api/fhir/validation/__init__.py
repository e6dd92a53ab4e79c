"""FHIR R4 resources read, checked and written back without loss.

``parse(body)`` reads strict JSON and keeps decimals as written, or raises ``UnreadableResource``; ``encode(resource)``
writes it back with the same digits. ``validate(resource, profiles)`` returns what is wrong as a list of ``Issue``, in
layers: structure (members, types, cardinality, primitive rules), tables (bindings, fixed values, slices), invariants,
profiles; a resource is refused when one of them ``is_error``. ``profiles`` are demanded besides those that the resource
claims in ``meta.profile`` and those that the code or category of a vital sign calls for; an object that fails a lower
layer is not asked the higher ones. Nothing here waits, reads a store or looks at a clock.
"""

from reference_api.fhir.validation.issue import Issue
from reference_api.fhir.validation.parse import encode, parse
from reference_api.fhir.validation.validate import validate

__all__ = ["Issue", "encode", "parse", "validate"]
