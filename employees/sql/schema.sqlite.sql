-- The shared tables for a console without the Flask application (development, tests).
-- Same columns, defaults and keys as schema.mysql.sql; e-mails compare without case, as there.
-- Statements are separated by an empty line.

CREATE TABLE role_configs (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    role_name VARCHAR(50) NOT NULL,
    role_type VARCHAR(10) NOT NULL DEFAULT 'continuous' CHECK (role_type IN ('continuous', 'batch')),
    multiplier DECIMAL NOT NULL DEFAULT 1.00,
    expected_per_hour INTEGER NULL,
    idle_threshold_minutes INTEGER NULL,
    monthly_target INTEGER NULL,
    seconds_per_item INTEGER NULL
);

CREATE TABLE employees (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(255) NOT NULL,
    email VARCHAR(255) NULL COLLATE NOCASE UNIQUE,
    personal_email VARCHAR(255) NULL,
    phone_number VARCHAR(20) NULL,
    role_id INTEGER NULL REFERENCES role_configs (id),
    department VARCHAR(100) NULL,
    workspace VARCHAR(10) NULL DEFAULT 'MS',
    connecteam_user_id VARCHAR(50) NULL,
    is_active BOOL NOT NULL DEFAULT 1,
    is_new_employee BOOL NOT NULL DEFAULT 0,
    is_contractor BOOL NOT NULL DEFAULT 0,
    hire_date DATE NULL,
    grace_period_end DATE NULL,
    notes TEXT NULL,
    current_streak INTEGER NOT NULL DEFAULT 0,
    achievement_points INTEGER NOT NULL DEFAULT 0,
    welcome_sent_at DATETIME NULL,
    archived_at DATETIME NULL,
    created_at TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_employees_connecteam ON employees (connecteam_user_id);

-- What ON UPDATE CURRENT_TIMESTAMP does: only a value that really changed counts, and not the
-- columns that the console added, since its worker writes those with updated_at = updated_at.
CREATE TRIGGER employees_updated_at AFTER UPDATE ON employees
WHEN NEW.updated_at IS OLD.updated_at AND (
    NEW.name IS NOT OLD.name
    OR NEW.email COLLATE BINARY IS NOT OLD.email COLLATE BINARY
    OR NEW.personal_email IS NOT OLD.personal_email
    OR NEW.phone_number IS NOT OLD.phone_number
    OR NEW.role_id IS NOT OLD.role_id
    OR NEW.department IS NOT OLD.department
    OR NEW.workspace IS NOT OLD.workspace
    OR NEW.connecteam_user_id IS NOT OLD.connecteam_user_id
    OR NEW.is_active IS NOT OLD.is_active
    OR NEW.is_new_employee IS NOT OLD.is_new_employee
    OR NEW.is_contractor IS NOT OLD.is_contractor
    OR NEW.hire_date IS NOT OLD.hire_date
    OR NEW.grace_period_end IS NOT OLD.grace_period_end
    OR NEW.notes IS NOT OLD.notes
    OR NEW.current_streak IS NOT OLD.current_streak
    OR NEW.achievement_points IS NOT OLD.achievement_points
    OR NEW.welcome_sent_at IS NOT OLD.welcome_sent_at
    OR NEW.archived_at IS NOT OLD.archived_at
)
BEGIN
    UPDATE employees SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id;
END;

CREATE TABLE employee_auth (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    employee_id INTEGER NOT NULL UNIQUE REFERENCES employees (id),
    pin VARCHAR(255) NULL,
    pin_plain VARCHAR(10) NULL,
    pin_set_at DATETIME NULL,
    login_token VARCHAR(64) NULL,
    token_expires DATETIME NULL,
    last_login DATETIME NULL
);

CREATE TABLE employee_podfactory_mapping_v2 (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    employee_id INTEGER NOT NULL REFERENCES employees (id),
    podfactory_email VARCHAR(255) NULL,
    podfactory_name VARCHAR(255) NULL,
    similarity_score DECIMAL NULL,
    confidence_level VARCHAR(16) NULL,
    is_verified BOOL NOT NULL DEFAULT 0,
    created_at TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
    verified_at TIMESTAMP NULL
);

CREATE INDEX idx_podfactory_employee ON employee_podfactory_mapping_v2 (employee_id);
