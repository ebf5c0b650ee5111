"""What the operator touches: configuration, secrets, telemetry, alerts, and the real clock."""
