"""Dashboards: pages declared in YAML that name metrics, dimensions and analyses, and are drawn by one renderer."""

from tillsight.dashboards.declaration import Dashboard, Panel, load

__all__ = ["Dashboard", "Panel", "load"]
