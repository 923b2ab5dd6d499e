"""The real Pulumi engine, run against one provider double a cloud."""
