"""HTML reports: tables, plots and before/after players in one file that opens anywhere, without a network."""
