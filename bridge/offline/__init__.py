"""The jobs on files: streamed, of any length, put in place when all went well. They decide nothing about settings."""
