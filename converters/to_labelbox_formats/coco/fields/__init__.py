"""What one record may say, strictly and leniently."""
