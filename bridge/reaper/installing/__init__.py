"""What `bridge/reaper/install.py` puts together: REAPER's folders, its text files, Bridge's own files, backups."""
