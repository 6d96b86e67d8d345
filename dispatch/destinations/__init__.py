"""One way of carrying per file, behind one small protocol: `async tell(telling) -> Answer`."""
