from packager.api.model_package import ModelPackage as ModelPackage
from packager.api.model_package import load as load
from packager.api.pack import pack as pack
from packager.api.pack import prepare as prepare
from packager.api.prepared_project import PreparedProject as PreparedProject
from packager.build.context import BuildOptions as BuildOptions
from packager.client.async_client import AsyncClient as AsyncClient
from packager.client.client import Client as Client
from packager.errors import PackageError as PackageError
from packager.errors import UsageError as UsageError

__all__ = [
    "AsyncClient",
    "BuildOptions",
    "Client",
    "ModelPackage",
    "PackageError",
    "PreparedProject",
    "UsageError",
    "load",
    "pack",
    "prepare",
]
