"""People and partners' systems are told: who, by the partnership's rules; how, by SMTP or signed webhook."""
