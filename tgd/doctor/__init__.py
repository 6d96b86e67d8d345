"""The checks behind `tgd doctor`: what of this machine would lose or disclose an alert."""

from tgd.doctor.finding import Finding, Level, as_json, as_text, collect
from tgd.doctor.run import DoctorInput, run_checks

__all__ = ["DoctorInput", "Finding", "Level", "as_json", "as_text", "collect", "run_checks"]
