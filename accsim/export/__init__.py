"""What is written for other tools: timelines for trace viewers, tables for spreadsheets."""
