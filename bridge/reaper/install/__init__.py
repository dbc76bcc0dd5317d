"""Into REAPER and out again: its folders and text files, Bridge's own files, backups."""
