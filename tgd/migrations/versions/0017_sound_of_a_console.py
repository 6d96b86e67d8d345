"""What each browser of the room said last of its sound: a mute console counts for nobody."""

from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns; a browser that has said nothing yet is not heard."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Consoles are counted whether they sound or not."""
    op.execute("ALTER TABLE web_session DROP COLUMN sound, DROP COLUMN sound_at")
