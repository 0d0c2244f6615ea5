"""Forecasting: many daily series at once, honest about how sure it is.

Series lie side by side in a `Panel`. A model takes a panel and a horizon and gives a point for every series and day ahead, in
columns; there is one file for each family of models and one protocol for all (`panel.Model`). `forecast.forecast` tries the
models on the past (`backtest`), chooses for every series (or combines), puts intervals around the points from the errors that
were made (`intervals`), and keeps everything finite, not negative and bounded (`guards`). `hierarchy` makes parts sum to the whole.
"""
