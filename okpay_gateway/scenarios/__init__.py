"""What people see of scenarios: the control API, the pages, and files that can be kept and played again."""
