"""Files: tables, folders of snapshots, histories."""
