"""The commands of ``yinzheng``, one module for each noun."""
