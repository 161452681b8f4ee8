"""What an owner answers for: packages, their licences and known faults, a signature."""
