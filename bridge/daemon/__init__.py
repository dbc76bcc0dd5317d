"""The service beside REAPER: its life, its queue of jobs, what it watches, and the doctor."""
