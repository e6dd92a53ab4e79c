"""Writes the constraint tables from the official packages.

``python -m conformance.contract.fhir.generation FOLDER`` reads ``hl7.fhir.r4.core-4.0.1.tgz`` and
``jpfhir.jp.core.r4-2.0.0-dev.tgz`` in FOLDER (both CC0-1.0) and writes ``types.json``, ``profiles.json`` and
``valuesets.json`` beside this package. Nothing of the packages' prose is taken: no names in words, no definitions.
"""
