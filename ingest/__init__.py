"""PDF files become a snapshot: catalog -> pages -> passages -> vectors -> disk."""
