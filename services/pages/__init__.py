"""What all pages share: the shell, the look, and how templates are rendered."""
