"""The Flask application's PIN checks, written anew from docs/legacy-contract.md alone.

Plain SQL through the database's own driver. It imports nothing of the console, so that a mistake
made there isn't made here too.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import bcrypt
from flask import Flask, jsonify, request

Query = Callable[..., list[tuple[Any, ...]]]


def make_app(query: Query, now: str, local_time: Callable[[], datetime]) -> Flask:
    """The four calls of the contract.

    query: runs one statement with its parameters, commits, and returns the rows.
    now: the database's word for this moment, in the session's time zone.
    local_time: the application host's clock, without a zone.
    """
    app = Flask(__name__)

    def refused(status: int, message: str) -> Any:
        return jsonify(success=False, message=message), status

    def matches(typed: str, pin: str | None) -> bool:
        if not pin:
            return False
        if pin.startswith("$2"):
            return bcrypt.checkpw(typed.encode(), pin.encode())
        return typed == pin

    def signed_in() -> tuple[Any, ...] | None:
        header = request.headers.get("Authorization", "")
        token = header.removeprefix("Bearer ")
        rows = query(
            "SELECT e.id, e.name, ea.pin FROM employees e "
            "JOIN employee_auth ea ON e.id = ea.employee_id "
            f"WHERE ea.login_token = %s AND ea.token_expires > {now} AND e.is_active = 1",
            token,
        )
        return rows[0] if rows and token != header else None

    @app.post("/api/employee/login")
    def login() -> Any:
        body = request.get_json(silent=True) or {}
        number, typed = body.get("employee_id"), body.get("pin")
        if not number or not typed:
            return refused(400, "Employee ID and PIN are required")
        rows = query(
            "SELECT e.id, e.name, ea.pin FROM employees e "
            "JOIN employee_auth ea ON e.id = ea.employee_id WHERE e.id = %s AND e.is_active = 1",
            number,
        )
        if not rows or not matches(typed, rows[0][2]):
            return refused(401, "Invalid credentials")
        token = secrets.token_urlsafe(32)
        here = local_time()
        query(
            "UPDATE employee_auth SET login_token = %s, token_expires = %s, last_login = %s "
            "WHERE employee_id = %s",
            token,
            written(here + timedelta(days=1)),
            written(here),
            rows[0][0],
        )
        return jsonify(success=True, token=token, employee_id=rows[0][0], name=rows[0][1])

    @app.post("/api/employee/verify")
    def verify() -> Any:
        person = signed_in()
        if person is None:
            return refused(401, "Invalid or expired token")
        return jsonify(success=True, employee_id=person[0], name=person[1])

    @app.post("/api/employee/logout")
    def logout() -> Any:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        query(
            "UPDATE employee_auth SET login_token = NULL, token_expires = NULL "
            "WHERE login_token = %s",
            token,
        )
        return jsonify(success=True)

    @app.post("/api/employee/change-pin")
    def change_pin() -> Any:
        person = signed_in()
        if person is None:
            return refused(401, "Invalid or expired token")
        body = request.get_json(silent=True) or {}
        current, new = body.get("current_pin"), body.get("new_pin")
        if not current or not new:
            return refused(400, "Current and new PIN are required")
        if not (new.isdigit() and 4 <= len(new) <= 6):
            return refused(400, "PIN must be 4-6 digits")
        if not matches(current, person[2]):
            return refused(401, "Current PIN is incorrect")
        hashed = bcrypt.hashpw(new.encode(), bcrypt.gensalt(10)).decode()
        query(
            "UPDATE employee_auth SET pin = %s, pin_plain = %s, pin_set_at = %s "
            "WHERE employee_id = %s",
            hashed,
            new,
            written(local_time()),
            person[0],
        )
        return jsonify(success=True, message="PIN changed")

    return app


def written(moment: datetime) -> str:
    """A DATETIME as both databases take it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")
