"""What referrals decides. Pure."""
