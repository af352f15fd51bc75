"""A desktop's password dialog that nobody answers: it takes the call of the keyring's daemon, and that is all."""

from __future__ import annotations

import os

from jeepney import MessageType, new_method_return
from jeepney.bus_messages import DBusNameFlags, message_bus
from jeepney.io.blocking import open_dbus_connection

NAME = "org.gnome.keyring.SystemPrompter"


def main() -> None:
    """Own the name of the dialog, say so, and accept every call without ever acting on it."""
    connection = open_dbus_connection(bus="SESSION")
    connection.send_and_get_reply(message_bus.RequestName(NAME, DBusNameFlags.do_not_queue))
    os.write(1, b"ready\n")
    while True:
        message = connection.receive()
        if message.header.message_type is MessageType.method_call:
            os.write(1, b"asked\n")
            connection.send(new_method_return(message))


if __name__ == "__main__":
    main()
