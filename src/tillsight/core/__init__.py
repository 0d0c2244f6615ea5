"""What everything stands on: money, periods, currencies, settings, scope and errors. Imports nothing of ours."""
