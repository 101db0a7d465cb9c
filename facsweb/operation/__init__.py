"""What an operator looks at: readiness, figures, the doctor, backups (``docs/operation.md``)."""
