"""What REAPER and the daemon say to each other: messages, the spool folder, OSC."""
