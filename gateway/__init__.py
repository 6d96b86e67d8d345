"""What we hear from handsets: MQTT, SMS, HTTP."""
