"""A report arrives: by call, form, partner's system, file or topic; it is safe, once, and has a receipt."""
