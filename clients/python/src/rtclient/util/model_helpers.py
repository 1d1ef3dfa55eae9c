"""The base class of what the client sends."""

from typing import Any, ClassVar

from pydantic import BaseModel


class ModelWithDefaults(BaseModel):
    """A model whose defaults, unless None, count as set.

    Messages are dumped without what was not set, so that they stay minimal; `type` must be in them all the same.
    """

    _defaults: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls._defaults = frozenset(
            name for name, field in cls.model_fields.items() if not field.is_required() and field.default is not None
        )

    def model_post_init(self, context: Any, /) -> None:
        self.__pydantic_fields_set__.update(self._defaults)
