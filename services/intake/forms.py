"""The public's form, its status page and the call-taker's form: pages for people, the same command behind."""

from fastapi import APIRouter

router = APIRouter()
