"""The web application: Gradio pages, page pictures with highlights, HTTP routes and the middleware in front of them."""
