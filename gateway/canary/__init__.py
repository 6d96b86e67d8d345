"""The canary: presses as a handset of nobody, each minute, so that a deaf channel is noticed."""
