"""What may happen to an alert: raised or joined by a press, then the acts of humans."""
