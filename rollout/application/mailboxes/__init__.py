"""Reports of mailbox moves: taking them in, judging and approving grades, alarms."""
