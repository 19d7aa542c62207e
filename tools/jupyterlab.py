"""How JupyterLab shows the lessons: ``jupyter lab --config=tools/jupyterlab.py``."""

import os
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class Lessons(AsyncLargeFileManager):
    """Files as they are, and notebooks with the version of Python that will run them.

    JupyterLab writes it into a notebook that it opens, and where it was another one, such as none,
    marks the notebook as changed.
    """

    async def get(self, path: str, content: bool = True, *args: Any, **options: Any) -> Any:
        """Read a file or a folder."""
        model = await super().get(path, content, *args, **options)
        if content and model["type"] == "notebook":
            model["content"]["metadata"]["language_info"] = dict(IPythonKernel.language_info)
        return model


def without_news(_: Any, page: dict[str, Any]) -> dict[str, Any]:
    """Leave out the question whether JupyterLab may show news: it covers the cells."""
    news = "@jupyterlab/apputils-extension:announcements"
    return page | {"disabledExtensions": [*page["disabledExtensions"], news]}


c = get_config()  # type: ignore[name-defined]  # noqa: F821 -- JupyterLab provides it
c.ServerApp.contents_manager_class = Lessons
edition = "ja/" if os.environ.get("LESSON_LANGUAGE") == "ja" else ""
c.LabApp.default_url = f"/lab/tree/notebooks/{edition}01_exploration.ipynb"
c.ServerApp.tornado_settings = {"page_config_hook": without_news}
