"""Records become items: shapes, tables of plain ones, frames of videos."""
