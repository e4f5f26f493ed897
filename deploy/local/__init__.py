"""The one-command run: real engines and all services as one supervised group on one machine."""
