"""Cases and referrals live: open or join, own, refer, answer, escalate, conclude."""
