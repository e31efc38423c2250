"""Loss as data: codes, the ledger, the report."""
