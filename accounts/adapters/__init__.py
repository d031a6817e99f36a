"""Other libraries’ doors into accounts: one file each."""
