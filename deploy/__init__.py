"""Everything that puts the hub somewhere: the one-command run, containers, Kubernetes."""
