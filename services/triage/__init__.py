"""A report is understood: themes, lead, who acts first, risk, due time, and why."""
